//! A hub as a process: started on an empty folder, killed, tampered with, started again.

#![cfg(test)]

mod crash;
mod process;
mod rules;
mod serve;
