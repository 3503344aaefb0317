//! End-to-end tests of Passerby: the tests themselves are in `tests/tests`.
