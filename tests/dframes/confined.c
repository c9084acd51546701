// Runs a program as containers do by default: with system calls forbidden that a filter like theirs
// forbids, no way to more privileges, and, when started by root, as nobody.
//
//     confined PROGRAM ARGUMENTS...
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif

#define FORBID(number, error)                                                                      \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                           \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))

int main(int count, char **arguments) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        FORBID(SYS_clone3, ENOSYS),
        FORBID(SYS_unshare, EPERM),
        FORBID(SYS_setns, EPERM),
        FORBID(SYS_mount, EPERM),
        FORBID(SYS_ptrace, EPERM),
        FORBID(SYS_bpf, EPERM),
        FORBID(SYS_perf_event_open, EPERM),
        FORBID(SYS_userfaultfd, EPERM),
        FORBID(SYS_keyctl, EPERM),
        FORBID(SYS_add_key, EPERM),
        FORBID(SYS_open_by_handle_at, EPERM),
        FORBID(SYS_pidfd_getfd, EPERM),
        FORBID(SYS_process_vm_readv, EPERM),
        FORBID(SYS_process_vm_writev, EPERM),
        FORBID(SYS_io_uring_setup, EPERM),
        FORBID(SYS_membarrier, EPERM),
        FORBID(SYS_kcmp, EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    if (count < 2 || (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("confined");
        return 125;
    }
    (void)execv(arguments[1], &arguments[1]);
    perror(arguments[1]);
    return 126;
}
