//! Your own door: the solution, and why.

use crate::{
    Authenticator, Door, Refusal, Rejection, Secret, Verdict, authenticated, look_over, user, whose,
};

impl Door {
    /// A door for the tokens of a token file, and against those that are retired.
    ///
    /// # Errors
    /// The first line with which the server would not start.
    pub fn open(known_tokens: &str, retired: &str) -> Result<Self, Refusal> {
        // Before anything else: a door for the first half of a file would keep out the second.
        look_over(known_tokens)?;
        let known = known_tokens.lines().filter_map(|line| {
            // A blank line is nobody's, and `user` says so.
            let user = user(line)?;
            let (token, _) = line.split_once(',')?;
            // The lab never asks about an empty token. But whoever else asks this door must not get
            // in with nothing, so it does not rely on that.
            (!token.is_empty()).then(|| (Secret::new(token), user))
        });
        let retired = retired.lines().filter_map(|line| {
            let (token, reason) = line.split_once(',')?;
            Some((Secret::new(token), reason.to_owned()))
        });
        Ok(Self { known: known.collect(), retired: retired.collect() })
    }
}

impl Authenticator for Door {
    fn authenticate(&self, token: &[u8]) -> Verdict {
        // First, and not only when nobody is known by it: who retires a token and forgets its line in
        // the file is safe.
        if let Some(reason) = whose(&self.retired, token) {
            // The reason goes into the log, so the token must not be in it. The client never sees
            // it: to whoever tries tokens, one that is retired looks like any other wrong one.
            return Verdict::Rejected(Rejection(reason.clone()));
        }
        // Not "rejected" for what is unknown: it may well be a token of another kind, and good.
        whose(&self.known, token).map_or(Verdict::NotMine, authenticated)
    }
}
