//! Serves the book from the reader's own machine.
