//! Unary and binary operators, as Terraform defines them.
