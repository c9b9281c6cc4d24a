//! What a call to the platform's API can come to, other than an answer.

/// A call that failed, by what the caller can do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The platform refuses, and says why.
    #[error("errcode {code}: {message}")]
    Api {
        /// The platform's errcode.
        code: i64,
        /// The platform's errmsg, with the `rid` that its support asks for.
        message: String,
    },
    /// No answer of the platform's came.
    #[error("{what}")]
    Transport {
        /// What went wrong, without the address that holds the token.
        what: String,
        /// The request may have arrived, and may have had its effect.
        may_have_arrived: bool,
    },
}

impl Error {
    /// The errcode, if the platform answered.
    pub fn code(&self) -> Option<i64> {
        match self {
            Error::Api { code, .. } => Some(*code),
            Error::Transport { .. } => None,
        }
    }

    /// The access_token is not, or no longer, good.
    pub fn is_stale_token(&self) -> bool {
        matches!(self.code(), Some(40001 | 40014 | 42001))
    }

    /// A quota of the day or of the minute is used up.
    pub fn is_quota(&self) -> bool {
        matches!(self.code(), Some(45009 | 45011))
    }

    /// The account is not of a kind that may call this.
    pub fn is_not_authorised(&self) -> bool {
        matches!(self.code(), Some(48001 | 48008))
    }

    /// The same call may succeed a little later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.code(), None | Some(-1 | 45011))
    }

    /// Whether the platform may have carried out the call although this error came back.
    pub fn may_have_had_effect(&self) -> bool {
        matches!(self, Error::Transport { may_have_arrived: true, .. })
    }
}
