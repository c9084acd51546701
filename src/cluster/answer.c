// answer.c - see answer.h.
#include "cluster/answer.h"

#include <string.h>

#include "base/bits.h"
#include "cluster/baggage.h"
#include "cluster/copy.h"
#include "frame/run.h"
#include "sync/asking.h"

struct answer {
    struct queue_ask ask;
    struct answers *answers;
    struct asks *asks; // NULL: its task is in that place no more
    struct owner_task *task;
    struct list_node node;      // of its task; linked while it has not been told
    struct list_node said_node; // to be said
    struct owner_tell tell;
    struct baggage_answer head;
    uint64_t item[];
};

void answers_init(struct answers *answers, struct owner *owner) {
    *answers = (struct answers){.owner = owner};
    os_lock_init(&answers->lock);
    list_init(&answers->list);
}

void asks_init(struct asks *asks) {
    *asks = (struct asks){.asked = 0};
    list_init(&asks->list);
}

// ---- telling ---------------------------------------------------------------------------------

// With the turn.
static void say(struct answer *answer) {
    const bool has_item = wish_gets(answer->ask.wish) && answer->ask.wait.outcome == TN_OK;
    answer->head.code = answer->ask.wait.outcome;
    answer->tell.payload = &answer->head;
    if (!has_item) {
        answer->tell.bytes = sizeof answer->head;
    }
    list_remove(&answer->node);
    owner_tell(answer->answers->owner, answer->task, &answer->tell, os_now_ns());
}

void answer_told(void *upper, struct owner_tell *tell) {
    struct answer *answer = container_of(tell, struct answer, tell);
    (void)upper;
    answer->asks->count--;
    os_free(answer);
}

static struct answer *take_answered(struct answers *answers) {
    os_lock_acquire(&answers->lock);
    struct list_node *node = list_pop_front(&answers->list);
    os_lock_release(&answers->lock);
    return node == NULL ? NULL : container_of(node, struct answer, said_node);
}

void answers_begin(struct answers *answers, const struct worker *worker) {
    atomic_store_relaxed(&answers->hearer, worker);
}

unsigned answers_say(struct answers *answers) {
    unsigned said = 0;
    struct answer *answer;
    while ((answer = take_answered(answers)) != NULL) {
        queue_ask_end(answers->run, &answer->ask);
        if (answer->asks == NULL) {
            os_free(answer);
        } else {
            say(answer);
            said++;
        }
    }
    atomic_store_relaxed(&answers->hearer, NULL);
    return said;
}

bool answers_wait(struct answers *answers) {
    os_lock_acquire(&answers->lock);
    const bool is_empty = list_is_empty(&answers->list);
    os_lock_release(&answers->lock);
    return !is_empty;
}

// On any thread, with locks of the queue. With the lock also while it wakes, which may be that of
// another run: then this one can't end before.
static void answered(struct queue_ask *ask) {
    struct answer *answer = container_of(ask, struct answer, ask);
    struct answers *answers = answer->answers;
    const struct worker *worker = worker_current();
    os_lock_acquire(&answers->lock);
    list_push_back(&answers->list, &answer->said_node);
    if (worker == NULL || worker != atomic_load_relaxed(&answers->hearer)) {
        wire_wake_agent(&answers->run->scheduler);
    }
    os_lock_release(&answers->lock);
}

// ---- hearing ---------------------------------------------------------------------------------

// Of what was answered by now the answer is on its way, or about to be.
static bool take_back(struct answers *answers, struct asks *asks, uint64_t number) {
    LIST_EACH(&asks->list, node) {
        struct answer *answer = container_of(node, struct answer, node);
        if (answer->head.number == number) {
            if (queue_ask_withdraw(answers->run, &answer->ask)) {
                queue_ask_end(answers->run, &answer->ask);
                answer->ask.wait.outcome = TN_CANCELLED;
                say(answer);
            }
            break;
        }
    }
    return number <= asks->asked;
}

static bool has_item(uint32_t wish) {
    return wish_puts((enum tn_wish)wish) || wish_gets((enum tn_wish)wish);
}

static struct answer *make_answer(struct answers *answers, struct asks *asks,
                                  struct owner_task *task, const struct baggage_ask *ask,
                                  size_t item_bytes) {
    struct answer *answer = os_allocate(sizeof *answer + item_bytes);
    if (answer == NULL) {
        return NULL;
    }
    *answer = (struct answer){.ask = {.wish = (enum tn_wish)ask->wish, .answered = answered},
                              .answers = answers,
                              .asks = asks,
                              .task = task,
                              .tell.bytes = (uint32_t)(sizeof answer->head + item_bytes),
                              .head.number = ask->number};
    memset(answer->item, 0, item_bytes);
    list_node_init(&answer->said_node);
    list_node_init(&answer->tell.node);
    list_push_back(&asks->list, &answer->node);
    asks->asked++;
    asks->count++;
    return answer;
}

// What it asks for is done at the queue, or begun. `type` is that of the queue's items.
static void begin(struct answers *answers, struct answer *answer, const struct baggage_ask *ask,
                  const struct tn_data_type *type) {
    const bool is_item = has_item(ask->wish);
    bool waits = false;
    if (type == NULL) {
        answer->ask.wait.outcome = TN_REMOVED;
    } else if (is_item && ask->type != schema_item_identity(type)) {
        answer->ask.wait.outcome = TN_WRONG_TYPE;
    } else {
        waits = queue_ask_begin(answers->run, ask->port, (enum tn_wish)ask->wish,
                                is_item ? type : NULL, answer->item, &answer->ask);
    }
    if (!waits) {
        say(answer);
    }
}

// An event that has ended meanwhile hears nothing, as it would here.
static void post(struct answers *answers, const void *payload) {
    struct baggage_post post;
    memcpy(&post, payload, sizeof post);
    (void)port_post_here(answers->run, post.port, post.value);
}

bool answer_hear(struct answers *answers, struct asks *asks, struct owner_task *task,
                 const void *payload, uint32_t bytes) {
    struct baggage_ask ask;
    if (bytes == sizeof(struct baggage_post)) {
        post(answers, payload);
        return true;
    }
    if (bytes < sizeof ask) {
        return false;
    }
    memcpy(&ask, payload, sizeof ask);
    const size_t behind = bytes - sizeof ask;
    if (ask.wish == 0) {
        return behind == 0 && take_back(answers, asks, ask.number);
    }
    if (ask.wish > TN_WISH_CLOSE || ask.number != asks->asked + 1 ||
        asks->count >= 2 * BAGGAGE_ASKS_MAX ||
        (behind != 0 && !wish_puts((enum tn_wish)ask.wish))) {
        return false;
    }
    const struct tn_data_type *type = queue_port_type(answers->run, ask.port);
    const bool fits =
        type != NULL && has_item(ask.wish) && ask.type == schema_item_identity(type);
    struct answer *answer =
        make_answer(answers, asks, task, &ask, fits ? bits_round_up(type->bytes, 8) : 0);
    if (answer == NULL) {
        return false;
    }
    if (fits && wish_puts((enum tn_wish)ask.wish) &&
        !copy_read(type, (const char *)payload + sizeof ask, behind, answer->item)) {
        list_remove(&answer->node);
        asks->count--;
        os_free(answer);
        return false;
    }
    begin(answers, answer, &ask, type);
    return true;
}

// ---- ends ------------------------------------------------------------------------------------

void answers_part(struct answers *answers, struct asks *asks) {
    struct list_node *node;
    while ((node = list_pop_front(&asks->list)) != NULL) {
        struct answer *answer = container_of(node, struct answer, node);
        if (queue_ask_withdraw(answers->run, &answer->ask)) {
            queue_ask_end(answers->run, &answer->ask);
            os_free(answer);
        } else {
            answer->asks = NULL; // who says the answers finds it
        }
    }
    asks->asked = 0;
    asks->count = 0;
}

// No thread of the run is left.
void answers_deinit(struct answers *answers) {
    struct answer *answer;
    while ((answer = take_answered(answers)) != NULL) {
        os_free(answer);
    }
}
