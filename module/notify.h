/* SPDX-License-Identifier: GPL-2.0 */
/* notify.c: reacts to events of the machine. */
#ifndef _UA_NOTIFY_H
#define _UA_NOTIFY_H

int ua_notify_init(void);
void ua_notify_exit(void);

#endif /* _UA_NOTIFY_H */
