//! Tests about the whole: what holds for every statement, table, list and route, however many there come to be.
