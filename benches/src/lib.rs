//! Threads against processes, measured.
