/* SPDX-License-Identifier: GPL-2.0 */
struct efi_unaccepted_memory *efi_get_unaccepted_table(void);
