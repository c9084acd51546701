// answer.c - see answer.h.
#include "cluster/answer.h"

#include <string.h>

#include "base/bits.h"
#include "cluster/baggage.h"
#include "cluster/copy.h"
#include "frame/room.h"
#include "frame/run.h"
#include "sync/asking.h"
#include "sync/item.h"

struct answer {
    struct queue_ask ask;
    struct answers *answers;
    struct asks *asks; // NULL: its task is in that place no more
    struct owner_task *task;
    struct list_node node;      // of its task; linked while it has not been told
    struct list_node said_node; // to be said
    struct owner_tell tell;
    size_t element_bytes; // 0: the item has none
    void *apart;          // what was a room, and is told; NULL: nothing
    struct baggage_answer head;
    uint64_t item[]; // with elements: as sync/item.h has them
};

// How such an item is told: it is written around the elements, where they are.
struct told_item {
    struct baggage_answer head;
    struct item_view view; // as copy.h writes it
    unsigned char elements[];
};
_Static_assert(sizeof(struct told_item) <= ROOM_HEAD, "it fits before the elements of a room");

void answers_init(struct answers *answers, struct owner *owner) {
    *answers = (struct answers){.owner = owner};
    os_lock_init(&answers->lock);
    list_init(&answers->list);
    atomic_store_relaxed(&answers->count, 0);
}

void asks_init(struct asks *asks) {
    *asks = (struct asks){.asked = 0};
    list_init(&asks->list);
}

// ---- telling ---------------------------------------------------------------------------------

// Whether the item is in the hands of the answer: got and not told, or not put in after all.
static bool has_its_item(const struct answer *answer) {
    const bool is_done = answer->ask.wait.outcome == TN_OK;
    return wish_gets(answer->ask.wish) ? is_done : wish_puts(answer->ask.wish) && !is_done;
}

// Nobody hears of it any more.
static void discard(struct answer *answer) {
    if (answer->element_bytes != 0 && has_its_item(answer)) {
        item_drop(answer->item);
    }
    os_free(answer);
}

// The item that was got is told with its elements, for which there must be no need of memory: the
// queue has it no more.
static void lay_out_elements(struct answer *answer) {
    struct told_item told = {.head = answer->head};
    struct item_view item;
    memcpy(&item, answer->item, sizeof item);
    told.view = (struct item_view){(const void *)sizeof item, item.count};
    if (item.data == NULL) {
        memcpy(answer->item, &told.view, sizeof told.view);
        return;
    }
    unsigned char *const payload = room_at(item.data)->elements - sizeof told;
    answer->apart = room_take_apart(room_at(item.data));
    memcpy(payload, &told, sizeof told);
    answer->tell.payload = payload;
    answer->tell.bytes =
        (uint32_t)(sizeof told + bits_round_up(item.count * answer->element_bytes, 8));
}

// With the turn.
static void say(struct answer *answer) {
    const bool has_item = has_its_item(answer);
    const bool tells_item = has_item && wish_gets(answer->ask.wish);
    answer->head.code = answer->ask.wait.outcome;
    answer->tell.payload = &answer->head;
    if (!tells_item) {
        answer->tell.bytes = sizeof answer->head;
    }
    if (has_item && answer->element_bytes != 0) {
        if (tells_item) {
            lay_out_elements(answer);
        } else {
            item_drop(answer->item); // it was not put in
        }
    }
    list_remove(&answer->node);
    owner_tell(answer->answers->owner, answer->task, &answer->tell, os_now_ns());
}

void answer_told(void *upper, struct owner_tell *tell) {
    struct answer *answer = container_of(tell, struct answer, tell);
    (void)upper;
    answer->asks->count--;
    os_free(answer->apart);
    os_free(answer);
}

// With the lock.
static void count_more(struct answers *answers, int more) {
    atomic_store_relaxed(&answers->count, atomic_load_relaxed(&answers->count) + (size_t)more);
}

static struct answer *take_answered(struct answers *answers) {
    if (atomic_load_relaxed(&answers->count) == 0) {
        return NULL;
    }
    os_lock_acquire(&answers->lock);
    struct list_node *node = list_pop_front(&answers->list);
    count_more(answers, node == NULL ? 0 : -1);
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
            discard(answer);
        } else {
            say(answer);
            said++;
        }
    }
    atomic_store_relaxed(&answers->hearer, NULL);
    return said;
}

// Who has put one there that is not seen here wakes the agent behind a fence of its own.
bool answers_wait(struct answers *answers) {
    atomic_fence_seq_cst(); // pairs with idle_published
    return atomic_load_relaxed(&answers->count) > 0;
}

// On any thread, with locks of the queue. With the lock also while it wakes, which may be that of
// another run: then this one can't end before.
static void answered(struct queue_ask *ask) {
    struct answer *answer = container_of(ask, struct answer, ask);
    struct answers *answers = answer->answers;
    const struct worker *worker = worker_current();
    os_lock_acquire(&answers->lock);
    list_push_back(&answers->list, &answer->said_node);
    count_more(answers, 1);
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

// `type`: of its item; NULL: it has none.
static struct answer *make_answer(struct answers *answers, struct asks *asks,
                                  struct owner_task *task, const struct baggage_ask *ask,
                                  const struct tn_data_type *type) {
    const size_t item_bytes = type == NULL ? 0 : bits_round_up(type->bytes, 8);
    struct answer *answer = os_allocate(sizeof *answer + item_bytes);
    if (answer == NULL) {
        return NULL;
    }
    *answer = (struct answer){.ask = {.wish = (enum tn_wish)ask->wish, .answered = answered},
                              .answers = answers,
                              .asks = asks,
                              .task = task,
                              .tell.bytes = (uint32_t)(sizeof answer->head + item_bytes),
                              .element_bytes = item_element_bytes(type),
                              .head.number = ask->number};
    memset(answer->item, 0, item_bytes);
    list_node_init(&answer->said_node);
    list_node_init(&answer->tell.node);
    list_push_back(&asks->list, &answer->node);
    asks->asked++;
    asks->count++;
    return answer;
}

// What is to be put in: TN_OK, TN_NO_MEMORY, or TN_MALFORMED.
static int read_item(struct answer *answer, const struct tn_data_type *type, const void *copy,
                     size_t bytes) {
    struct item_view view;
    if (!copy_read(type, copy, bytes, answer->item)) {
        return TN_MALFORMED;
    }
    if (answer->element_bytes == 0) {
        return TN_OK;
    }
    memcpy(&view, answer->item, sizeof view);
    const int code = item_copy(answer->element_bytes, &view, (void *)answer->item);
    return code == TN_TOO_LONG ? TN_MALFORMED : code; // it was measured over there
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
    const bool fits = type != NULL && has_item(ask.wish) && ask.type == schema_item_identity(type);
    struct answer *answer = make_answer(answers, asks, task, &ask, fits ? type : NULL);
    if (answer == NULL) {
        return false;
    }
    int code = TN_OK;
    if (fits && wish_puts((enum tn_wish)ask.wish)) {
        code = read_item(answer, type, (const char *)payload + sizeof ask, behind);
    }
    if (code == TN_MALFORMED) {
        list_remove(&answer->node);
        asks->count--;
        os_free(answer);
    } else if (code == TN_NO_MEMORY) {
        answer->ask.wait.outcome = code;
        say(answer);
    } else {
        begin(answers, answer, &ask, type);
    }
    return code != TN_MALFORMED;
}

// ---- ends ------------------------------------------------------------------------------------

void answers_part(struct answers *answers, struct asks *asks) {
    struct list_node *node;
    while ((node = list_pop_front(&asks->list)) != NULL) {
        struct answer *answer = container_of(node, struct answer, node);
        if (queue_ask_withdraw(answers->run, &answer->ask)) {
            queue_ask_end(answers->run, &answer->ask);
            answer->ask.wait.outcome = TN_CANCELLED;
            discard(answer);
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
        discard(answer);
    }
}
