//! The engine against the world: SigmaHQ's rules and cases, and our own pack.

mod corpus;
