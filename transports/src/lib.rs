//! Part of wherever.
