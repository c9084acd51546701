// origin_pool.c - what a pool of workers is asked for: one call, a list, one result after the
// other, a result that does not come in time. After the lessons "Concurrent programming" (UW PCE)
// and "Python Parallelism" (V. Santos), whose scientists these are.
// Tested in virtual time.
#include <stdio.h>
#include <tenon.h>

struct scientist {
    const char *name;
    int born;
};

static const struct scientist scientists[] = {
    {"Ada Lovelace", 1815}, {"Emmy Noether", 1882}, {"Marie Curie", 1867}, {"Tu Youyou", 1930},
    {"Ada Yonath", 1939},   {"Vera Rubin", 1928},   {"Sally Ride", 1951},
};

TN_PFRAME(int, square, (int, x)) {
    return x * x;
}

TN_PFRAME(int, age, (const struct scientist *, all), (size_t, i)) {
    return 2019 - all[i].born;
}

TN_PFRAME(void, doze, (double, seconds)) {
    tn_sleep(self, seconds);
}

static void print_list(struct tn_self *self) {
    int value;
    const char *between = "[";
    struct tn_map *map = tn_map(square, 10, 0);
    while (tn_map_next(square, map, &value)) {
        printf("%s%d", between, value);
        between = ", ";
    }
    printf("]\n");
}

static void print_one_by_one(struct tn_self *self) {
    int value = -1;
    struct tn_map *map = tn_map(square, 10, 0);
    for (int i = 0; i < 3 && tn_map_next(square, map, &value); i++) {
        printf("%d\n", value);
    }
    tn_map_drop(self, map); // nobody wants the others
}

static void wait_in_vain(struct tn_self *self, struct tn_executor *pool) {
    struct tn_scope scope;
    struct tn_future future = tn_submit(pool, doze, 10.0);
    tn_deadline_begin(self, &scope, 1);
    tn_result(doze, future, NULL);
    if (tn_scope_end(self, &scope) == TN_TIMED_OUT) {
        printf("TimeoutError\n");
    }
    tn_future_cancel(self, future);
}

static void print_ages(struct tn_self *self) {
    int years;
    struct tn_map *map = tn_map(age, sizeof scientists / sizeof *scientists, scientists, 0);
    while (tn_map_next(age, map, &years)) {
        printf("{'name': '%s', 'age': %d}\n", scientists[tn_map_index(map)].name, years);
    }
}

TN_FRAME(void, main_frame) {
    int value = -1;
    struct tn_executor *pool = tn_executor_create(self, TN_EXECUTOR(.at_once = 4));
    tn_result(square, tn_submit(pool, square, 10), &value);
    printf("%d\n", value);
    print_list(self);
    print_one_by_one(self);
    wait_in_vain(self, pool);
    print_ages(self);
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
