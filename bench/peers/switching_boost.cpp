// switching_boost - what Boost.Context and Boost.Fiber take to switch and to begin and end. Beside
// src/context/context_bench.c and bench/frames.c. Usage: PROGRAM COUNT; prints name=nanoseconds.
// Start reading at main.
#include <boost/context/fiber.hpp>
#include <boost/context/pooled_fixedsize_stack.hpp>
#include <boost/fiber/all.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace context = boost::context;
namespace fibers = boost::fibers;

static double now_ns() {
    using namespace std::chrono;
    return duration<double, std::nano>(steady_clock::now().time_since_epoch()).count();
}

// There and back.
static double switch_pair(long count) {
    bool is_over = false;
    context::fiber away([&is_over](context::fiber &&back) {
        while (!is_over) {
            back = std::move(back).resume();
        }
        return std::move(back);
    });
    const double start = now_ns();
    for (long i = 0; i < count; i++) {
        away = std::move(away).resume();
    }
    const double took = now_ns() - start;
    is_over = true;
    away = std::move(away).resume();
    return took / (double)count;
}

// A fiber that is left once before it ends, on a stack from a pool.
static double begin_and_end(long count) {
    context::pooled_fixedsize_stack stacks(64 << 10);
    const double start = now_ns();
    for (long i = 0; i < count; i++) {
        context::fiber child(std::allocator_arg, stacks, [](context::fiber &&back) {
            back = std::move(back).resume();
            return std::move(back);
        });
        child = std::move(child).resume();
        child = std::move(child).resume();
    }
    return (now_ns() - start) / (double)count;
}

// Two fibers that yield in turn: two switches through the scheduler.
static double yield_twice(long count) {
    const auto body = [count] {
        for (long i = 0; i < count; i++) {
            boost::this_fiber::yield();
        }
    };
    const double start = now_ns();
    fibers::fiber one(body), other(body);
    one.join();
    other.join();
    return (now_ns() - start) / (double)count;
}

static double spawn_and_join(long count) {
    fibers::pooled_fixedsize_stack stacks(64 << 10);
    const double start = now_ns();
    for (long i = 0; i < count; i++) {
        fibers::fiber(std::allocator_arg, stacks, [] { boost::this_fiber::yield(); }).join();
    }
    return (now_ns() - start) / (double)count;
}

int main(int count, char **arguments) {
    const long times = count > 1 ? std::atol(arguments[1]) : 1000000;
    switch_pair(times / 10);
    std::printf("boost_context_pair=%.2f\n", switch_pair(times));
    std::printf("boost_context_suspend=%.2f\n", begin_and_end(times));
    std::printf("boost_fiber_yield=%.2f\n", yield_twice(times));
    std::printf("boost_fiber_suspend=%.2f\n", spawn_and_join(times));
}
