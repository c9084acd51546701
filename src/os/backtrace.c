// backtrace.c - where code came from: the C library's unwinder, and names from the dynamic linker.
// Shared by os/linux and os/sim.
//
// Invariant: callable in a signal handler once the unwinder is loaded (os_watch_init sees to that):
// with glibc 2.35 and gcc 12 it takes no lock. Names come from the tables of the dynamic linker,
// which is locked for them, by this thread again if it is inside of it already.
// Start reading at os_backtrace.
#include <dlfcn.h>
#include <execinfo.h>
#include <string.h>

#include "base/sentence.h"
#include "context/fault.h"
#include "os/os.h"

// Frames of our own above the interrupted one: the handler, what it calls, the kernel's return.
enum { OURS_MAX = 16 };

size_t os_backtrace(const void *registers, void **addresses, size_t max) {
    enum { ROOM = 64 };
    void *all[ROOM];
    const int count = backtrace(all, ROOM);
    void *const here = registers == NULL ? NULL : fault_code_address(registers);
    int first = 0;
    for (int i = 0; i < count && i < OURS_MAX && first == 0; i++) {
        first = all[i] == here ? i : 0;
    }
    size_t kept = 0;
    for (int i = first; i < count && kept < max; i++) {
        // A call's return address is that of the next instruction, perhaps of the next line.
        addresses[kept++] = i == first && first > 0 ? all[i] : (char *)all[i] - 1;
    }
    return kept;
}

static void add_offset(struct sentence *sentence, const void *from, const void *to) {
    sentence_add(sentence, "0x");
    sentence_add_number(sentence, (uintptr_t)to - (uintptr_t)from, 16, 1);
}

void os_describe_address(const void *address, char *text, size_t bytes) {
    struct sentence sentence;
    sentence_init(&sentence, text, bytes);
    Dl_info info;
    if (dladdr(address, &info) == 0 || info.dli_fname == NULL) {
        add_offset(&sentence, NULL, address);
        return;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    if (info.dli_sname != NULL) {
        sentence_add(&sentence, info.dli_sname);
        sentence_add(&sentence, "+");
        add_offset(&sentence, info.dli_saddr, address);
        sentence_add(&sentence, " (");
    }
    sentence_add(&sentence, slash == NULL ? info.dli_fname : slash + 1);
    sentence_add(&sentence, "+");
    add_offset(&sentence, info.dli_fbase, address);
    sentence_add(&sentence, info.dli_sname != NULL ? ")" : "");
}
