//! Processes, pools, queues, pipes and shared values.
