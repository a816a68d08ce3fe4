//! The learner's own answers live beside this file, in `src/bin/`.
