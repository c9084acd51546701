// cilksort - a merge sort whose merges are divided too: quarters are sorted in PFrames, and two
// sorted runs are merged by halving the longer one and finding its place in the other.
//
//     RESULT compiler=gcc nodes=.. twin_ns=.. one_ns=.. two_ns=.. one_per_twin=.. speedup=..
//
// After S. Akl and N. Santoro, "Optimal parallel merging and sorting without memory conflicts"
// (1987), and the program of the Cilk suite. Runs of 2048 numbers and less are sorted by a quick
// sort, merged one by one. Start reading at sort.
#include <stdint.h>

#include "forkjoin.h"

enum { RUN = 2048, FEW = 20 };

static long count;
static uint32_t *numbers, *room, *original;
static uint64_t original_sum;
static long nodes;

static void sort_few(uint32_t *low, uint32_t *high) {
    for (uint32_t *at = low + 1; at < high; at++) {
        const uint32_t number = *at;
        uint32_t *to = at;
        for (; to > low && to[-1] > number; to--) {
            *to = to[-1];
        }
        *to = number;
    }
}

static void quick_sort(uint32_t *low, uint32_t *high) {
    while (high - low > FEW) {
        const uint32_t pivot = low[(high - low) / 2];
        uint32_t *i = low, *j = high - 1;
        while (i <= j) {
            while (*i < pivot) {
                i++;
            }
            while (*j > pivot) {
                j--;
            }
            if (i <= j) {
                const uint32_t other = *i;
                *i++ = *j;
                *j-- = other;
            }
        }
        if (j + 1 - low < high - i) {
            quick_sort(low, j + 1);
            low = i;
        } else {
            quick_sort(i, high);
            high = j + 1;
        }
    }
    sort_few(low, high);
}

static void merge_few(const uint32_t *a, const uint32_t *a_end, const uint32_t *b,
                      const uint32_t *b_end, uint32_t *to) {
    while (a < a_end && b < b_end) {
        *to++ = *a <= *b ? *a++ : *b++;
    }
    memcpy(to, a, (size_t)(a_end - a) * sizeof *to);
    to += a_end - a;
    memcpy(to, b, (size_t)(b_end - b) * sizeof *to);
}

// The first place whose number is not below `number`.
static const uint32_t *find_place(const uint32_t *low, const uint32_t *high, uint32_t number) {
    while (low < high) {
        const uint32_t *middle = low + (high - low) / 2;
        if (*middle < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// Where two runs are cut, so that both halves can be merged apart; a is the longer one.
struct cut {
    const uint32_t *a, *b;
};

static struct cut cut_runs(const uint32_t *a, const uint32_t *a_end, const uint32_t *b,
                           const uint32_t *b_end) {
    const uint32_t *middle = a + (a_end - a) / 2;
    return (struct cut){middle, find_place(b, b_end, *middle)};
}

REAL_CALL static void merge_twin(const uint32_t *a, const uint32_t *a_end, const uint32_t *b,
                                 const uint32_t *b_end, uint32_t *to) {
    nodes++;
    if (a_end - a < b_end - b) {
        merge_twin(b, b_end, a, a_end, to);
    } else if (a_end - a <= RUN) {
        merge_few(a, a_end, b, b_end, to);
    } else {
        const struct cut cut = cut_runs(a, a_end, b, b_end);
        merge_twin(a, cut.a, b, cut.b, to);
        merge_twin(cut.a, a_end, cut.b, b_end, to + (cut.a - a) + (cut.b - b));
    }
}

TN_PFRAME(void, merge, (const uint32_t *, a), (const uint32_t *, a_end), (const uint32_t *, b),
          (const uint32_t *, b_end), (uint32_t *, to)) {
    if (a_end - a < b_end - b) {
        merge(self, b, b_end, a, a_end, to);
    } else if (a_end - a <= RUN) {
        merge_few(a, a_end, b, b_end, to);
    } else {
        const struct cut cut = cut_runs(a, a_end, b, b_end);
        tn_task(merge) first = tn_spawn(merge, a, cut.a, b, cut.b, to);
        merge(self, cut.a, a_end, cut.b, b_end, to + (cut.a - a) + (cut.b - b));
        tn_await(merge, first);
    }
}

REAL_CALL static void sort_twin(uint32_t *low, uint32_t *spare, long length) {
    nodes++;
    if (length <= RUN) {
        quick_sort(low, low + length);
        return;
    }
    const long q = length / 4;
    for (int i = 0; i < 4; i++) {
        sort_twin(low + i * q, spare + i * q, i < 3 ? q : length - 3 * q);
    }
    merge_twin(low, low + q, low + q, low + 2 * q, spare);
    merge_twin(low + 2 * q, low + 3 * q, low + 3 * q, low + length, spare + 2 * q);
    merge_twin(spare, spare + 2 * q, spare + 2 * q, spare + length, low);
}

TN_PFRAME(void, sort, (uint32_t *, low), (uint32_t *, spare), (long, length)) {
    if (length <= RUN) {
        quick_sort(low, low + length);
        return;
    }
    const long q = length / 4;
    tn_task(sort) first = tn_spawn(sort, low, spare, q);
    tn_task(sort) second = tn_spawn(sort, low + q, spare + q, q);
    tn_task(sort) third = tn_spawn(sort, low + 2 * q, spare + 2 * q, q);
    sort(self, low + 3 * q, spare + 3 * q, length - 3 * q);
    tn_await(sort, third);
    tn_await(sort, second);
    tn_await(sort, first);
    tn_task(merge) half = tn_spawn(merge, low, low + q, low + q, low + 2 * q, spare);
    merge(self, low + 2 * q, low + 3 * q, low + 3 * q, low + length, spare + 2 * q);
    tn_await(merge, half);
    merge(self, spare, spare + 2 * q, spare + 2 * q, spare + length, low);
}

static bool is_right(void) {
    uint64_t sum = numbers[0];
    bool is_sorted = true;
    for (long i = 1; i < count; i++) {
        sum += numbers[i];
        is_sorted = is_sorted && numbers[i - 1] <= numbers[i];
    }
    return is_sorted && sum == original_sum;
}

static void prepare(void) {
    memcpy(numbers, original, (size_t)count * sizeof *numbers);
}

static void run_twin(void) {
    sort_twin(numbers, room, count);
}

static int run_on(int threads) {
    return tn_run_with(TN_RUN(.num_threads = threads), sort, NULL, numbers, room, count);
}

int main(void) {
    count = measure_is_quick() ? 20000 : 4000000;
    numbers = malloc((size_t)count * sizeof *numbers);
    room = malloc((size_t)count * sizeof *room);
    original = malloc((size_t)count * sizeof *original);
    uint32_t random = 1;
    for (long i = 0; i < count; i++) {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        original[i] = random;
        original_sum += random;
    }
    prepare();
    run_twin();
    const struct forkjoin bench = {.title = "cilksort",
                                   .nodes = (double)nodes,
                                   .prepare = prepare,
                                   .twin = run_twin,
                                   .run_on = run_on,
                                   .is_right = is_right};
    forkjoin_measure(&bench);
    printf(" numbers=%ld\n", count);
    free(numbers);
    free(room);
    free(original);
    return 0;
}
