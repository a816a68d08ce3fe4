//! What an answer talks to while it is graded.
