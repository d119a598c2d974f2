/* SPDX-License-Identifier: GPL-2.0 */
/* What all fuzz targets share. */
#ifndef _FUZZ_H
#define _FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A property that must hold; the fuzzer keeps the input for which it does not. */
#define expect(condition)							\
	do {									\
		if (!(condition)) {						\
			fprintf(stderr, "%s:%d: ERROR: does not hold: %s\n",	\
				__FILE__, __LINE__, #condition);		\
			abort();						\
		}								\
	} while (0)

#endif /* _FUZZ_H */
