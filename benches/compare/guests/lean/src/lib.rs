//! Plugins of cpex-wasmi in its lean style: see the examples.
#![no_std]
