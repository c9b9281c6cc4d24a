//! Why a source cannot be as it was wanted: what a form may get wrong is a closed list, so that whoever shows it to a
//! person can say it in that person's language. As text it is English, for the command line and the log.

/// Why not, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The name is none.
    #[error("{name:?} is no name for a source; use lower-case letters, digits and -, at most {most}")]
    NoName {
        /// What was given.
        name: String,
        /// Most characters.
        most: usize,
    },
    /// There is one of this name.
    #[error("there is a source {0} already; choose another name")]
    Taken(String),
    /// There are as many as there may be.
    #[error("there are {0} sources; remove some first")]
    Full(usize),
    /// Nothing says why books may be taken from there.
    #[error("say why you may take books from there (rights), like \"public domain\" or \"my own site\"")]
    NoRights,
    /// The address is none.
    #[error("{0} is no address; it begins with https://")]
    NoAddress(String),
    /// The address is not to be reached from here: why.
    #[error("{url} cannot be read: {why}; name its network and port with the source if it is yours")]
    OutOfReach {
        /// The address.
        url: String,
        /// Why.
        why: String,
    },
    /// It is no network.
    #[error("{0} is no network; write it like 192.168.1.0/24")]
    NoNetwork(String),
    /// It is no cron expression.
    #[error("{why}")]
    NoSchedule {
        /// What was given.
        text: String,
        /// Why.
        why: String,
    },
    /// It may fetch nothing.
    #[error("a source that may fetch nothing in a pass or a day is better paused")]
    Nothing,
    /// It is no number.
    #[error("\"{0}\" is no number")]
    NoNumber(String),
    /// There is no such format.
    #[error("there is no format {0}; write it like epub")]
    NoFormat(String),
    /// It has no rules, and needs some.
    #[error("a source of this kind needs its rules; import them")]
    NeedsRules,
    /// Anything else, as rules, sites and readers of documents say it.
    #[error("{0}")]
    Said(String),
}
