// loan.c - see loan.h.
#include "cluster/loan.h"

#include <string.h>

#include "base/atomic.h"
#include "base/bits.h"
#include "base/check.h"
#include "os/share.h"

// In the shared memory: written by the reader, but for loans_take, before the piece is lent.
struct loan_word {
    _Atomic uint32_t is_back;
};

void loans_init(struct loans *loans, void *memory, size_t bytes) {
    memset(loans, 0, sizeof *loans);
    os_lock_init(&loans->lock);
    loans->memory = memory;
    loans->bytes = bytes;
}

static struct loan_word *word_at(const unsigned char *begin) {
    return (struct loan_word *)(uintptr_t)begin;
}

static bool is_free(const struct loans *loans, const struct loan_piece *piece) {
    // pairs with loan_give_back
    return piece->is_let_go &&
           (!piece->is_sent || MUTATED(loans_forget_the_reader) ||
            atomic_load_acquire(&word_at(loans->memory + piece->begin)->is_back) != 0);
}

static void drop_free(struct loans *loans) {
    unsigned kept = 0;
    for (unsigned i = 0; i < loans->count; i++) {
        if (!is_free(loans, &loans->pieces[i])) {
            loans->pieces[kept++] = loans->pieces[i];
        }
    }
    loans->count = kept;
}

// The lowest gap: which piece is to lie there, and where it begins.
static bool find_gap(const struct loans *loans, size_t bytes, unsigned *index, size_t *begin) {
    *begin = 0;
    for (*index = 0; *index < loans->count; ++*index) {
        if (loans->pieces[*index].begin - *begin >= bytes) {
            return true;
        }
        *begin = loans->pieces[*index].end;
    }
    return loans->count < LOAN_PIECES && loans->bytes - *begin >= bytes;
}

// Many pages at once, which costs less than one by one when they are written to.
static void make_resident(const struct loans *loans, size_t begin, size_t end) {
    const size_t page = os_page_bytes();
    begin = bits_round_down(begin, page);
    end = bits_round_down(end - begin <= LOAN_AHEAD ? end : begin + LOAN_AHEAD, page);
    if (end > begin) {
        os_touch_each(loans->memory + begin, end - begin, end - begin, 1);
    }
}

void *loans_take(struct loans *loans, size_t bytes) {
    unsigned index;
    size_t begin;
    if (loans->memory == NULL || bytes > loans->bytes) {
        return NULL;
    }
    const size_t wanted = LOAN_PAGE + bits_round_up(bytes, LOAN_PAGE);
    os_lock_acquire(&loans->lock);
    drop_free(loans);
    if (loans->count == LOAN_PIECES || !find_gap(loans, wanted, &index, &begin)) {
        os_lock_release(&loans->lock);
        return NULL;
    }
    const size_t end = begin + wanted, touched = loans->touched;
    memmove(&loans->pieces[index + 1], &loans->pieces[index],
            (loans->count - index) * sizeof loans->pieces[0]);
    loans->pieces[index] = (struct loan_piece){.begin = begin, .end = end};
    loans->count++;
    loans->is_used = true;
    loans->touched = end > touched ? end : touched;
    os_lock_release(&loans->lock);
    if (end > touched) {
        make_resident(loans, begin > touched ? begin : touched, end);
    }
    atomic_store_relaxed(&word_at(loans->memory + begin)->is_back, 0);
    return loans->memory + begin + LOAN_PAGE;
}

bool loans_find(const struct loans *loans, const void *payload, size_t bytes, uint64_t *begin) {
    const uintptr_t at = (uintptr_t)payload - (uintptr_t)loans->memory;
    *begin = at;
    return loans->memory != NULL && at < loans->bytes && bytes <= loans->bytes - at;
}

static struct loan_piece *piece_of(struct loans *loans, const void *payload) {
    const size_t at = (size_t)((const unsigned char *)payload - loans->memory);
    unsigned i = 0;
    while (i < loans->count && loans->pieces[i].end <= at) {
        i++;
    }
    ASSERT(i < loans->count && loans->pieces[i].begin <= at);
    return &loans->pieces[i];
}

void loans_send(struct loans *loans, const void *payload) {
    os_lock_acquire(&loans->lock);
    piece_of(loans, payload)->is_sent = true;
    os_lock_release(&loans->lock);
}

void loans_let_go(struct loans *loans, const void *payload) {
    os_lock_acquire(&loans->lock);
    piece_of(loans, payload)->is_let_go = true;
    drop_free(loans);
    os_lock_release(&loans->lock);
}

void loans_trim(struct loans *loans) {
    os_lock_acquire(&loans->lock);
    drop_free(loans);
    if (!loans->is_used && loans->count == 0 && loans->touched > 0) {
        os_share_discard(loans->memory, bits_round_up(loans->touched, os_page_bytes()));
        loans->touched = 0;
    }
    loans->is_used = loans->count > 0;
    os_lock_release(&loans->lock);
}

void loans_check(struct loans *loans) {
    os_lock_acquire(&loans->lock);
    size_t begin = 0;
    for (unsigned i = 0; i < loans->count; i++) {
        const struct loan_piece *piece = &loans->pieces[i];
        ASSERT(piece->begin >= begin && piece->end > piece->begin && piece->end <= loans->touched);
        ASSERT(piece->begin % LOAN_PAGE == 0 && piece->end % LOAN_PAGE == 0);
        begin = piece->end;
    }
    ASSERT(begin <= loans->bytes && loans->count <= LOAN_PIECES);
    os_lock_release(&loans->lock);
}

// ---- the reader ------------------------------------------------------------------------------

const void *loan_at(const void *memory, size_t loans_bytes, uint64_t begin, size_t bytes) {
    const bool is_inside = begin % 8 == 0 && begin >= LOAN_PAGE - LOAN_HEAD &&
                           begin <= loans_bytes && bytes <= loans_bytes - begin;
    return is_inside ? (const unsigned char *)memory + begin : NULL;
}

// What the payload's last bytes before its elements, or its first ones, lie in begins a page.
void loan_give_back(const void *payload) {
    const uintptr_t page = bits_round_down((uintptr_t)payload, LOAN_PAGE);
    // release: pairs with is_free: what was read there was read.
    atomic_store_release(&word_at((const unsigned char *)page)->is_back, 1);
}
