//! Makes libFuzzer see a stack overflow as the finding it is.
#![allow(unsafe_code, reason = "an alternate signal stack can only be had from the C library")]

use std::ptr;

/// Bytes for the signal handler: libFuzzer writes the input out on this stack.
const HANDLER_STACK: usize = 1024 * 1024;

/// Gives signal handlers a stack of their own.
///
/// libFuzzer runs its handler on the stack that overflowed, where it dies
/// without a word and without saving the input, unless it finds the signal
/// already marked for an alternate stack: that mark it keeps. So the mark is
/// set here, before libFuzzer installs its handler.
pub(crate) fn report_overflow() {
    let memory = Box::leak(vec![0_u8; HANDLER_STACK].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: memory.as_mut_ptr().cast(), ss_flags: 0, ss_size: memory.len() };
    // SAFETY: the memory is leaked, so it outlives every signal, and nothing
    // else uses it. The old stack is not asked for.
    let set = unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) };
    assert_eq!(set, 0, "sigaltstack refused the handler's stack");

    // SAFETY: all zeroes is a valid `sigaction`: default handler, no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_flags = libc::SA_ONSTACK;
    action.sa_sigaction = libc::SIG_DFL;
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: `action` is a complete value and the old one is not asked for.
        let set = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
        assert_eq!(set, 0, "sigaction refused signal {signal}");
    }
}
