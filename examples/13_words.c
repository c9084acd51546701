// 13_words.c - three frames in processes of their own take words from a queue, and put them back
// in capitals into another one, which gives the first of the alphabet first. Text in a queue is a
// copy: who gets it owns it. Give it --processes N; what it prints is the same.
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <tenon.h>

TN_PROCESS_QUEUE(tn_text, words);

// Returns how many it has written.
TN_DFRAME(int, writer, (struct tn_port, from), (struct tn_port, to)) {
    int written = 0;
    for (tn_text word; tn_port_get(words, from, &word) == TN_OK; written++) {
        char capitals[20];
        size_t count = 0;
        for (; count < word.count && count < sizeof capitals; count++) {
            capitals[count] = (char)toupper((unsigned char)word.data[count]);
        }
        tn_room_free(self, word.data); // or all of them at its end
        if (tn_port_put(words, to, ((tn_text){capitals, count})) != TN_OK) {
            break;
        }
    }
    return written;
}

static bool comes_before(const void *one, const void *other) {
    const tn_text *a = one, *b = other;
    const int order = memcmp(a->data, b->data, a->count < b->count ? a->count : b->count);
    return order < 0 || (order == 0 && a->count < b->count);
}

TN_PFRAME(void, main_frame) {
    static const char *const fruits[] = {"pear", "fig", "apple", "figs", "plum", "cherry"};
    tn_queue(words) small = TN_QUEUE_OF(.name = "small", .max = 2);
    tn_queue(words) capital =
        TN_QUEUE_OF(.name = "capital", .order = TN_LEAST_FIRST, .is_before = comes_before);
    const struct tn_port from = tn_queue_port(words, &small), to = tn_queue_port(words, &capital);
    tn_task(writer) writers[3];
    for (int i = 0; i < 3; i++) {
        writers[i] = tn_spawn(writer, from, to);
    }
    for (size_t i = 0; i < sizeof fruits / sizeof fruits[0]; i++) {
        if (tn_put(words, &small, tn_text_of(fruits[i])) != TN_OK) {
            return;
        }
    }
    tn_queue_close(&small);
    int written = 0;
    for (int i = 0; i < 3; i++) {
        written += tn_await(writer, writers[i]);
    }
    for (tn_text word; tn_try_get(words, &capital, &word) == TN_OK;) {
        printf("%.*s\n", (int)word.count, word.data);
    }
    printf("%d words\n", written);
    tn_queue_free(&small);
    tn_queue_free(&capital);
}

int main(int argc, char **argv) {
    const int code = tn_run_with(TN_RUN_ARGUMENTS(argc, argv), main_frame, NULL);
    return code < 0 ? tn_complain(code) : 0;
}
