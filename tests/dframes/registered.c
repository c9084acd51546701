// Prints the DFrames of this program and of the plug-ins named as arguments, and whether the
// library knows them. check.sh builds it in many ways.
#include <dlfcn.h>
#include <stdio.h>

#include <tenon.h>

TN_DFRAME(int, first, (int, n)) {
    return n + 1;
}

TN_DFRAME(int, never_called, (int, n)) {
    return n - 1;
}

static void print_own(void) {
    for (struct tn_dframe_entry *const *at = __start_tn_dframes; at < __stop_tn_dframes; at++) {
        printf("%s %s\n", (*at)->type->name, (*at)->identity != 0 ? "known" : "unknown");
    }
}

int main(int count, char **names) {
    print_own();
    int answer;
    const int code = tn_run(first, &answer, 41);
    printf("answer %d\n", code < 0 ? code : answer);
    for (int i = 1; i < count; i++) {
        for (int twice = 0; twice < 2; twice++) {
            void *plugin = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
            int (*print)(void) = plugin == NULL ? NULL : (int (*)(void))dlsym(plugin, "print");
            if (print == NULL || print() != 0 || dlclose(plugin) != 0) {
                printf("%s: %s\n", names[i], dlerror());
                return 1;
            }
        }
    }
    return 0;
}
