//! One file a resource type; this module is the registry.
