//! Conversions between types, as Terraform makes them.
