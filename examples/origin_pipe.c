// origin_pipe.c - two frames in processes of their own, and a pipe between them, through which both
// of them send: the Pipe of the lessons "Concurrent programming" (UW PCE), two connected ends that
// objects go through in both directions. Here a pipe is two queues, one for each direction, and an
// end is their ports. Give it --processes N; what it prints is the same.
#include <stdio.h>
#include <tenon.h>

TN_DATA(message, (int, number), (double, half));
TN_PROCESS_QUEUE(struct message, messages);

// What one of the two has of the pipe.
TN_DATA(pipe_end, (struct tn_port, to), (struct tn_port, from));

// Sends numbers, each when the one before has been answered, and hangs up. Returns how many answers
// were right.
TN_DFRAME(int, caller, (struct pipe_end, pipe), (int, count)) {
    int right = 0;
    for (int i = 1; i <= count; i++) {
        const struct message question = {.number = i, .half = i / 2.0};
        struct message answer;
        if (tn_port_put(messages, pipe.to, question) != TN_OK ||
            tn_port_get(messages, pipe.from, &answer) != TN_OK) {
            return right;
        }
        right += answer.number == 2 * i && answer.half == i;
    }
    tn_port_close(self, pipe.to);
    return right;
}

// Answers each with its double, until the other one has hung up. Returns how many it answered.
TN_DFRAME(int, answerer, (struct pipe_end, pipe)) {
    int answered = 0;
    for (struct message next; tn_port_get(messages, pipe.from, &next) == TN_OK; answered++) {
        next.number *= 2;
        next.half *= 2;
        if (tn_port_put(messages, pipe.to, next) != TN_OK) {
            break;
        }
    }
    return answered;
}

TN_PFRAME(void, main_frame) {
    tn_queue(messages) there = TN_QUEUE_OF(.name = "there", .max = 1);
    tn_queue(messages) back = TN_QUEUE_OF(.name = "back", .max = 1);
    const struct tn_port there_port = tn_queue_port(messages, &there);
    const struct tn_port back_port = tn_queue_port(messages, &back);
    const struct pipe_end one = {.to = there_port, .from = back_port};
    const struct pipe_end other = {.to = back_port, .from = there_port};
    tn_task(answerer) answers = tn_spawn(answerer, other);
    tn_task(caller) calls = tn_spawn(caller, one, 100);
    printf("%d answers were right\n", tn_await(caller, calls));
    printf("%d questions were answered\n", tn_await(answerer, answers));
    tn_queue_free(&there);
    tn_queue_free(&back);
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
