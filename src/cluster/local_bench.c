// What a process of this program costs, and what it costs to talk with it: its start, a message
// there and back between two sides that look again and again, messages one after the other, and a
// payload of 64 MiB there and back, beside the same number of copies within one process.
//
//     RESULT first_us=1400 another_us=200 round_ns=600 message_ns=150 long_gb_s=2.4 copy_gb_s=2.6
//
// Start reading at main.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/dframe.h>

#include "base/check.h"
#include "cluster/local.h"
#include "cluster/zygote.h"
#include "os/os.h"

enum { ROUNDS = 200000, QUICK_ROUNDS = 2000, WINDOW = 64, SAMPLES = 5, LONG_BYTES = 64 << 20 };

TN_DFRAME(int, unused_here, (int, n)) {
    return n;
}

// ---- both sides ------------------------------------------------------------------------------

static struct {
    struct link *link;
    unsigned long ups, heard;
    bool is_over;
    bool echoes;
    unsigned char *payload; // where the last one goes
} side;

static void count_up(void *upper, unsigned peer) {
    (void)upper, (void)peer;
    side.ups++;
}

static void ignore(void *upper, unsigned peer) {
    (void)upper, (void)peer;
}

static void hear(void *upper, unsigned peer, const struct message *message, const void *payload) {
    (void)upper;
    side.heard++;
    if (side.echoes) {
        struct message back = *message;
        back.payload = 0;
        while (!link_send(side.link, peer, &back, payload)) {
        }
    } else if (message->bytes > 0) {
        memcpy(side.payload, payload, message->bytes);
    }
}

static void end(void *upper, unsigned peer, int detail) {
    (void)upper, (void)peer, (void)detail;
    side.is_over = true;
}

static void leave(void *upper, unsigned peer) {
    end(upper, peer, 0);
}

static const struct link_events events = {
    .up = count_up, .hear = hear, .writable = ignore, .down = end, .leave = leave};

static void listen_to(struct link *link) {
    side.link = link;
    link->events = &events;
    link->calls->awake(link);
}

static int echo(struct link *link, const void *greeting, size_t bytes) {
    (void)greeting, (void)bytes;
    listen_to(link);
    side.echoes = true;
    while (!side.is_over) {
        (void)link->calls->turn(link);
        if (side.heard == 0) { // others are being started
            os_thread_yield();
        }
    }
    link->calls->close(link);
    return 0;
}

__attribute__((constructor(200))) static void set_body(void) {
    zygote_body = echo;
}

// ---- the owner -------------------------------------------------------------------------------

// All sides yield meanwhile, for those that look without end leave no CPU to who begins.
static double start_us(void) {
    const uint64_t begin_ns = os_now_ns();
    const unsigned long ups = side.ups;
    REQUIRE(local_add(side.link) >= 0, "a process was not started");
    while (side.ups == ups) {
        (void)side.link->calls->turn(side.link);
        os_thread_yield();
    }
    return (double)(os_now_ns() - begin_ns) / 1e3;
}

// A second one, which goes again: the others measure with one.
static double start_another_us(void) {
    const double us = start_us();
    local_retire(side.link, 1);
    while (local_living(side.link) > 1) {
        (void)side.link->calls->turn(side.link);
        os_thread_yield();
    }
    return us;
}

// Each message: sent, and heard again, with so many on their way.
static double message_ns(unsigned long rounds, unsigned long window) {
    const struct message message = {.kind = MESSAGE_BEAT, .version = SESSION_VERSION};
    const uint64_t begin_ns = os_now_ns();
    const unsigned long heard = side.heard;
    unsigned long sent = 0;
    while (side.heard - heard < rounds) {
        while (sent < rounds && sent - (side.heard - heard) < window &&
               link_send(side.link, 0, &message, NULL)) {
            sent++;
        }
        (void)side.link->calls->turn(side.link);
    }
    return (double)(os_now_ns() - begin_ns) / (double)rounds;
}

static double long_gb_s(const unsigned char *payload, uint32_t bytes) {
    const struct message message = {
        .kind = MESSAGE_RUN, .version = SESSION_VERSION, .bytes = bytes};
    memset(side.payload, 0, bytes);
    const uint64_t begin_ns = os_now_ns();
    const unsigned long heard = side.heard;
    REQUIRE(link_send(side.link, 0, &message, payload), "there was no room");
    while (side.heard == heard) {
        (void)side.link->calls->turn(side.link);
    }
    const uint64_t end_ns = os_now_ns();
    REQUIRE(memcmp(side.payload, payload, bytes) == 0, "it came back as something else");
    return 2.0 * bytes / (double)(end_ns - begin_ns);
}

// As many copies as a long payload takes there and back: into the hold, into the other one, out of
// it, and by the test.
static double copy_gb_s(unsigned char *const buffers[2], uint32_t bytes) {
    const uint64_t begin_ns = os_now_ns();
    for (int i = 0; i < 4; i++) {
        memcpy(buffers[(i + 1) % 2], buffers[i % 2], bytes);
        __asm__ volatile("" ::: "memory");
    }
    return 2.0 * bytes / (double)(os_now_ns() - begin_ns);
}

static int compare(const void *a, const void *b) {
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *samples) {
    qsort(samples, SAMPLES, sizeof *samples, compare);
    return samples[SAMPLES / 2];
}

int main(void) {
    const bool is_quick = getenv("TENON_BENCH_QUICK") != NULL;
    const unsigned long rounds = is_quick ? QUICK_ROUNDS : ROUNDS;
    const uint32_t bytes = is_quick ? LONG_BYTES / 16 : LONG_BYTES;
    const struct local_options options = {.peers_max = 2};
    struct link *link;
    if (local_open(&link, &options) != OS_OK) {
        printf("RESULT processes=0\n");
        return 0;
    }
    listen_to(link);
    const double first_us = start_us();
    double another_samples[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
        another_samples[i] = start_another_us();
    }
    unsigned char *const buffers[2] = {malloc(bytes), malloc(bytes)};
    memset(buffers[0], 7, bytes);
    memset(buffers[1], 8, bytes);
    side.payload = buffers[1];
    double round_samples[SAMPLES], message_samples[SAMPLES], long_samples[SAMPLES],
        copy_samples[SAMPLES];
    (void)long_gb_s(buffers[0], bytes);
    for (int i = 0; i < SAMPLES; i++) {
        round_samples[i] = message_ns(rounds, 1);
        message_samples[i] = message_ns(rounds, WINDOW);
        long_samples[i] = long_gb_s(buffers[0], bytes);
        copy_samples[i] = copy_gb_s(buffers, bytes);
    }
    printf("RESULT first_us=%.0f another_us=%.0f round_ns=%.0f message_ns=%.0f long_gb_s=%.2f "
           "copy_gb_s=%.2f\n",
           first_us, median(another_samples), median(round_samples), median(message_samples),
           median(long_samples), median(copy_samples));
    link->calls->close(link);
    free(buffers[0]);
    free(buffers[1]);
    return 0;
}
