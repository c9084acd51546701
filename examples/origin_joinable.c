// origin_joinable.c - a producer and three consumers in processes of their own, and a joinable
// queue between them: who waits for its join knows that each order has been dealt with. The process
// queue and the joinable queue of the lessons "Concurrent programming" (UW PCE) and "Python
// Parallelism" (V. Santos), whose consumers are ended by force or by one more item for each; here
// the queue is closed. Give it --processes N; what it prints is the same.
#include <stdio.h>
#include <tenon.h>

TN_PROCESS_QUEUE(int, numbers);

TN_DFRAME(void, producer, (struct tn_port, orders), (int, count)) {
    for (int i = 1; i <= count; i++) {
        if (tn_port_put(numbers, orders, i) != TN_OK) {
            return;
        }
    }
}

TN_DFRAME(int, consumer, (struct tn_port, orders), (struct tn_port, squares)) {
    int done = 0;
    for (int number; tn_port_get(numbers, orders, &number) == TN_OK; done++) {
        if (tn_port_put(numbers, squares, number * number) != TN_OK) {
            break;
        }
        tn_port_task_done(self, orders);
    }
    return done;
}

TN_PFRAME(void, main_frame) {
    tn_queue(numbers) orders = TN_QUEUE_OF(.name = "orders", .max = 5);
    tn_queue(numbers) squares = TN_QUEUE_OF(.name = "squares");
    const struct tn_port orders_port = tn_queue_port(numbers, &orders);
    const struct tn_port squares_port = tn_queue_port(numbers, &squares);
    tn_task(consumer) consumers[3];
    for (int i = 0; i < 3; i++) {
        consumers[i] = tn_spawn(consumer, orders_port, squares_port);
    }
    tn_task(producer) source = tn_spawn(producer, orders_port, 100);
    tn_await(producer, source);
    if (tn_queue_join(self, &orders) != TN_OK) {
        return;
    }
    printf("all orders are done\n");
    tn_queue_close(&orders);
    int done = 0, sum = 0;
    for (int i = 0; i < 3; i++) {
        done += tn_await(consumer, consumers[i]);
    }
    for (int square; tn_try_get(numbers, &squares, &square) == TN_OK;) {
        sum += square;
    }
    printf("%d squares, together %d\n", done, sum);
    tn_queue_free(&orders);
    tn_queue_free(&squares);
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
