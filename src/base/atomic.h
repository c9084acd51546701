// atomic.h - thin names over C11 atomics, and the seam where tests reach every one of them.
//
// Invariant: in a normal build each name is exactly the C11 operation of that ordering on an
// ordinary _Atomic object. -DTENON_SIM=1 calls sim_point() before each, so that a seed may let
// another simulated thread run there. -DTENON_MODEL=1 carries each out against simulated store
// buffers (tests/model). All of src uses these names and no other. Start reading at atomic_load_.
//
//   atomic_load_{relaxed,acquire,seq_cst}(pointer)
//   atomic_store_{relaxed,release,seq_cst}(pointer, value)
//   atomic_exchange_ORDER(pointer, value)                       returns the old value
//   atomic_cas_ORDER(pointer, expected, desired)                strong: true when exchanged
//   atomic_cas_weak_ORDER(pointer, expected, desired)           may fail for no reason: for loops
//   atomic_fetch_{add,sub,or,and}_ORDER(pointer, value)         return the old value
//   atomic_fence_{acquire,release,acq_rel,seq_cst}()
//   compiler_fence()             the compiler moves nothing across: for one side of os_barrier_all
//   cpu_pause()                                                 in a loop that waits for another
//   cpu_pauses(count)               so many times, in a loop that ends anyway: no step for models
//   cpu_looks(count)                how often to look in such a loop: once for models
//
// ORDER is relaxed, acquire, release, acq_rel or seq_cst. `expected` points to a plain variable
// that receives the value found when a cas fails; a failed cas orders like a load: acquire where
// ORDER has an acquire part, relaxed otherwise, seq_cst for seq_cst.
//
//   plain_read(pointer), plain_write(pointer, value)   ordinary accesses that another thread makes
//                                                      too, ordered by an atomic: the explorer
//                                                      proves that they are
//   MUTATED(name)                                      0; the explorer may turn it to 1 and must
//                                                      then find a failure. Guards the line whose
//                                                      need is to be proved:
//                                                      if (!MUTATED(idle_recheck)) { ... }
//
// The comment at every use of an ordering stronger than relaxed says what it pairs with: these
// are definitions and pair with nothing by themselves.
#ifndef TENON_BASE_ATOMIC_H
#define TENON_BASE_ATOMIC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if TENON_MODEL

// Implemented by the explorer. `site` is the place in the source, by which it can weaken one
// operation at a time. `result` receives what was read and is returned.
enum model_update { MODEL_EXCHANGE, MODEL_ADD, MODEL_SUB, MODEL_OR, MODEL_AND };
void *model_load(const volatile void *at, void *result, size_t bytes, memory_order order,
                 const char *site);
void model_store(volatile void *at, const void *value, size_t bytes, memory_order order,
                 const char *site);
void *model_fetch(volatile void *at, enum model_update update, void *operand_then_result,
                  size_t bytes, memory_order order, const char *site);
bool model_cas(volatile void *at, void *expected, const void *desired, size_t bytes,
               memory_order success, memory_order failure, const char *site);
void model_fence(memory_order order, const char *site);
void model_pause(const char *site);
void *model_plain(const volatile void *at, size_t bytes, bool is_write, const char *site);
bool model_is_mutated(const char *name);

#define atomic_text_of_(x) #x
#define atomic_text_(x) atomic_text_of_(x)
#define atomic_site_ __FILE__ ":" atomic_text_(__LINE__)

// The plain type of an atomic object: a comma's value has no qualifiers.
#define atomic_plain_(p) __typeof__((void)0, *(p))
#define atomic_load_(p, order)                                                                     \
    (*(atomic_plain_(p) *)model_load((p), &(atomic_plain_(p)){0}, sizeof *(p), (order),            \
                                     atomic_site_))
#define atomic_store_(p, v, order)                                                                 \
    model_store((p), &(atomic_plain_(p)){(v)}, sizeof *(p), (order), atomic_site_)
#define atomic_fetch_(p, update, v, order)                                                         \
    ({ /* A statement expression may go unused without a warning. */                               \
        *(atomic_plain_(p) *)model_fetch((p), (update), &(atomic_plain_(p)){(v)}, sizeof *(p),     \
                                         (order), atomic_site_);                                   \
    })
#define atomic_cas_strong_(p, e, d, order, failure)                                                \
    model_cas((p), (e), &(atomic_plain_(p)){(d)}, sizeof *(p), (order), (failure), atomic_site_)
#define atomic_cas_weak_(p, e, d, order, failure) atomic_cas_strong_(p, e, d, order, failure)
#define atomic_exchange_(p, v, order) atomic_fetch_(p, MODEL_EXCHANGE, v, order)
#define atomic_add_(p, v, order) atomic_fetch_(p, MODEL_ADD, v, order)
#define atomic_sub_(p, v, order) atomic_fetch_(p, MODEL_SUB, v, order)
#define atomic_or_(p, v, order) atomic_fetch_(p, MODEL_OR, v, order)
#define atomic_and_(p, v, order) atomic_fetch_(p, MODEL_AND, v, order)
#define atomic_fence_(order) model_fence((order), atomic_site_)
#define compiler_fence() ((void)0)
#define cpu_pause() model_pause(atomic_site_)
#define cpu_pauses(count) ((void)(count))
#define cpu_looks(count) 1
#define plain_read(p) (*(__typeof__(p))model_plain((p), sizeof *(p), false, atomic_site_))
#define plain_write(p, v)                                                                          \
    ((void)(*(__typeof__(p))model_plain((p), sizeof *(p), true, atomic_site_) = (v)))
#define MUTATED(name) model_is_mutated(#name)

#else

#if TENON_SIM
void sim_point(void); // Another simulated thread may run before this returns.
void sim_pause(void); // Another simulated thread does run before this returns, if one can.
#define atomic_point_() sim_point()
#define cpu_pause() sim_pause()
#else
#define atomic_point_() ((void)0)
static inline void cpu_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory"); // "yield" is a no-op on most cores; isb really waits.
#else
    __asm__ volatile("" ::: "memory");
#endif
}
#endif

#define compiler_fence() atomic_signal_fence(memory_order_seq_cst)
#define cpu_pauses(count)                                                                          \
    do {                                                                                           \
        for (int pauses_left_ = (count); pauses_left_ > 0; pauses_left_--) {                       \
            cpu_pause();                                                                           \
        }                                                                                          \
    } while (0)
#define cpu_looks(count) (count)
#define plain_read(p) (*(p))
#define plain_write(p, v) ((void)(*(p) = (v)))
#define MUTATED(name) 0

#define atomic_load_(p, order) (atomic_point_(), atomic_load_explicit((p), (order)))
#define atomic_store_(p, v, order)                                                                 \
    do {                                                                                           \
        atomic_point_();                                                                           \
        atomic_store_explicit((p), (v), (order));                                                  \
    } while (0)
#define atomic_exchange_(p, v, order) (atomic_point_(), atomic_exchange_explicit((p), (v), (order)))
#define atomic_cas_strong_(p, e, d, order, failure)                                                \
    (atomic_point_(), atomic_compare_exchange_strong_explicit((p), (e), (d), (order), (failure)))
#define atomic_cas_weak_(p, e, d, order, failure)                                                  \
    (atomic_point_(), atomic_compare_exchange_weak_explicit((p), (e), (d), (order), (failure)))
#define atomic_add_(p, v, order) (atomic_point_(), atomic_fetch_add_explicit((p), (v), (order)))
#define atomic_sub_(p, v, order) (atomic_point_(), atomic_fetch_sub_explicit((p), (v), (order)))
#define atomic_or_(p, v, order) (atomic_point_(), atomic_fetch_or_explicit((p), (v), (order)))
#define atomic_and_(p, v, order) (atomic_point_(), atomic_fetch_and_explicit((p), (v), (order)))
#define atomic_fence_(order)                                                                       \
    do {                                                                                           \
        atomic_point_();                                                                           \
        atomic_thread_fence(order);                                                                \
    } while (0)

#endif

#define atomic_load_relaxed(p) atomic_load_(p, memory_order_relaxed)
#define atomic_load_acquire(p) atomic_load_(p, memory_order_acquire)
#define atomic_load_seq_cst(p) atomic_load_(p, memory_order_seq_cst)

#define atomic_store_relaxed(p, v) atomic_store_(p, v, memory_order_relaxed)
#define atomic_store_release(p, v) atomic_store_(p, v, memory_order_release)
#define atomic_store_seq_cst(p, v) atomic_store_(p, v, memory_order_seq_cst)

#define atomic_exchange_relaxed(p, v) atomic_exchange_(p, v, memory_order_relaxed)
#define atomic_exchange_acquire(p, v) atomic_exchange_(p, v, memory_order_acquire)
#define atomic_exchange_release(p, v) atomic_exchange_(p, v, memory_order_release)
#define atomic_exchange_acq_rel(p, v) atomic_exchange_(p, v, memory_order_acq_rel)
#define atomic_exchange_seq_cst(p, v) atomic_exchange_(p, v, memory_order_seq_cst)

#define atomic_cas_relaxed(p, e, d)                                                                \
    atomic_cas_strong_(p, e, d, memory_order_relaxed, memory_order_relaxed)
#define atomic_cas_acquire(p, e, d)                                                                \
    atomic_cas_strong_(p, e, d, memory_order_acquire, memory_order_acquire)
#define atomic_cas_release(p, e, d)                                                                \
    atomic_cas_strong_(p, e, d, memory_order_release, memory_order_relaxed)
#define atomic_cas_acq_rel(p, e, d)                                                                \
    atomic_cas_strong_(p, e, d, memory_order_acq_rel, memory_order_acquire)
#define atomic_cas_seq_cst(p, e, d)                                                                \
    atomic_cas_strong_(p, e, d, memory_order_seq_cst, memory_order_seq_cst)

#define atomic_cas_weak_relaxed(p, e, d)                                                           \
    atomic_cas_weak_(p, e, d, memory_order_relaxed, memory_order_relaxed)
#define atomic_cas_weak_acquire(p, e, d)                                                           \
    atomic_cas_weak_(p, e, d, memory_order_acquire, memory_order_acquire)
#define atomic_cas_weak_release(p, e, d)                                                           \
    atomic_cas_weak_(p, e, d, memory_order_release, memory_order_relaxed)
#define atomic_cas_weak_acq_rel(p, e, d)                                                           \
    atomic_cas_weak_(p, e, d, memory_order_acq_rel, memory_order_acquire)
#define atomic_cas_weak_seq_cst(p, e, d)                                                           \
    atomic_cas_weak_(p, e, d, memory_order_seq_cst, memory_order_seq_cst)

#define atomic_fetch_add_relaxed(p, v) atomic_add_(p, v, memory_order_relaxed)
#define atomic_fetch_add_acquire(p, v) atomic_add_(p, v, memory_order_acquire)
#define atomic_fetch_add_release(p, v) atomic_add_(p, v, memory_order_release)
#define atomic_fetch_add_acq_rel(p, v) atomic_add_(p, v, memory_order_acq_rel)
#define atomic_fetch_add_seq_cst(p, v) atomic_add_(p, v, memory_order_seq_cst)

#define atomic_fetch_sub_relaxed(p, v) atomic_sub_(p, v, memory_order_relaxed)
#define atomic_fetch_sub_acquire(p, v) atomic_sub_(p, v, memory_order_acquire)
#define atomic_fetch_sub_release(p, v) atomic_sub_(p, v, memory_order_release)
#define atomic_fetch_sub_acq_rel(p, v) atomic_sub_(p, v, memory_order_acq_rel)
#define atomic_fetch_sub_seq_cst(p, v) atomic_sub_(p, v, memory_order_seq_cst)

#define atomic_fetch_or_relaxed(p, v) atomic_or_(p, v, memory_order_relaxed)
#define atomic_fetch_or_acquire(p, v) atomic_or_(p, v, memory_order_acquire)
#define atomic_fetch_or_release(p, v) atomic_or_(p, v, memory_order_release)
#define atomic_fetch_or_acq_rel(p, v) atomic_or_(p, v, memory_order_acq_rel)
#define atomic_fetch_or_seq_cst(p, v) atomic_or_(p, v, memory_order_seq_cst)

#define atomic_fetch_and_relaxed(p, v) atomic_and_(p, v, memory_order_relaxed)
#define atomic_fetch_and_acquire(p, v) atomic_and_(p, v, memory_order_acquire)
#define atomic_fetch_and_release(p, v) atomic_and_(p, v, memory_order_release)
#define atomic_fetch_and_acq_rel(p, v) atomic_and_(p, v, memory_order_acq_rel)
#define atomic_fetch_and_seq_cst(p, v) atomic_and_(p, v, memory_order_seq_cst)

#define atomic_fence_acquire() atomic_fence_(memory_order_acquire)
#define atomic_fence_release() atomic_fence_(memory_order_release)
#define atomic_fence_acq_rel() atomic_fence_(memory_order_acq_rel)
#define atomic_fence_seq_cst() atomic_fence_(memory_order_seq_cst)

#endif
