//! Signed JWTs: what a cluster hands to its service accounts, and the check of a signature against a public key.
