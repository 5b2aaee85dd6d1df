//! How fast the pieces of an authentication are, each beside a peer in the same run:
//!
//! ```text
//! $ cargo bench -p bench
//! ```
//!
//! | ours | its peer |
//! |---|---|
//! | a token is read | `jsonwebtoken`, told to look at nothing |
//! | a signature is checked with `rsa` | with `ring` |
//! | a token's line is found | in a `HashMap` of the tokens themselves |
//! | the claims are checked, a whole authentication | none: they show what is left |
//!
//! OpenSSL is no dependency of this workspace. `openssl speed -seconds 1 rsa2048` says what it does on
//! the same machine. Whole servers are compared by `crates/lab-cluster/beside`.
