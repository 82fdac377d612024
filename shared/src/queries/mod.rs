//! What only reads: one use case a file, named by its verb phrase.
