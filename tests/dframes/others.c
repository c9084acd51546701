// A second file of DFrames: part of the program, member of an archive, or plug-in (-DPLUGIN).
#include <stdio.h>

#include <tenon.h>

TN_DFRAME(double, elsewhere, (tn_doubles, x)) {
    return x.count == 0 ? 0 : x.data[0];
}

#ifdef PLUGIN
int print(void);
int print(void) {
    for (struct tn_dframe_entry *const *at = __start_tn_dframes; at < __stop_tn_dframes; at++) {
        printf("plugin %s %s\n", (*at)->type->name, (*at)->identity != 0 ? "known" : "unknown");
    }
    return 0;
}
#endif
