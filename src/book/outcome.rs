//! What becomes of a picture or a font on its way into another format.

/// The verdict on one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::book) enum Outcome {
    /// Good as it is. The media type is what the bytes are, whatever the book declares.
    Keep(&'static str),
    /// Good in another form.
    Converted {
        /// The file in its new form.
        bytes: Vec<u8>,
        /// What it is now.
        media_type: &'static str,
    },
    /// Nothing a reading system could show; the text says why.
    Unusable(&'static str),
}
