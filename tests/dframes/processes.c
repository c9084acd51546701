// Runs DFrames in other processes and says where they ran: `away` or `here`, once for all of them.
// With an argument, waits for a line of input before, so that check.sh may do something to the
// program's file meanwhile.
#include <stdio.h>
#include <unistd.h>

#include <tenon.h>

TN_DFRAME(long, number_of_process, (int, n)) {
    (void)n;
    return (long)getpid();
}

// A constructor that comes after the DFrames announce themselves, and main, are not called in other
// processes.
__attribute__((constructor)) static void say_so(void) {
    (void)!write(STDOUT_FILENO, "constructed\n", 12);
}

TN_PFRAME(int, count_away, (int, count)) {
    int away = 0;
    for (int i = 0; i < count; i++) {
        tn_task(number_of_process) task = tn_spawn(number_of_process, i);
        away += tn_await(number_of_process, task) != (long)getpid();
    }
    return away;
}

int main(int count, char **arguments) {
    (void)arguments;
    (void)!write(STDOUT_FILENO, "main\n", 5);
    if (count > 1) {
        (void)getchar();
    }
    int away = 0;
    const int code = tn_run_with(TN_RUN(.num_processes = 2), count_away, &away, 20);
    printf("%s\n", code < 0     ? tn_status_text(code)
                   : away == 20 ? "away"
                   : away == 0  ? "here"
                                : "both");
    return 0;
}
