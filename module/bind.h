/* SPDX-License-Identifier: GPL-2.0 */
/* bind_common.c: what all bindings use. */
#ifndef _UNACCEPTED_BIND_H
#define _UNACCEPTED_BIND_H

#include "core.h"

void *ua_bind_symbol(const char *name);
unsigned long ua_bind_lookup(const char *name);
bool ua_bind_takes_page(const char *name);
int ua_bind_read(const char *name, void *value, size_t size);
int ua_bind_data(struct ua_core *core);
unsigned long ua_bind_unaccepted_pages(struct zone *zone);
enum ua_page_state ua_bind_unaccepted_at(unsigned long pfn);

/* bind_replace.c: the kernel's policy replaced. */
int ua_replace_attach(const struct ua_upcalls *upcalls, const char **reason);
void ua_replace_detach(void);
void ua_replace_retire_if_done(void);

#endif /* _UNACCEPTED_BIND_H */
