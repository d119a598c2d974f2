/* SPDX-License-Identifier: GPL-2.0 */
/* bind_common.c: what all bindings use. */
#ifndef _UNACCEPTED_BIND_H
#define _UNACCEPTED_BIND_H

#include "core.h"

void *ua_bind_symbol(const char *name);
void ua_bind_data(struct ua_core *core);
unsigned long ua_bind_unaccepted_pages(struct zone *zone);
enum ua_page_state ua_bind_unaccepted_at(unsigned long pfn);

#endif /* _UNACCEPTED_BIND_H */
