/* SPDX-License-Identifier: GPL-2.0 */
/* The version of the project; Makefile, dkms.conf and the packages read this line. */
#ifndef _UA_VERSION_H
#define _UA_VERSION_H

#define UA_VERSION "0.1.0"

#endif /* _UA_VERSION_H */
