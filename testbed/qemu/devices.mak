# SPDX-License-Identifier: GPL-2.0
# The devices a test guest can have; "make no others" keeps the build short.
# Serial port, flash, fw_cfg, AHCI and memory hotplug come with the machine.
CONFIG_Q35=y
CONFIG_PCIE_PORT=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BALLOON=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_NVDIMM=y
# A device whose DMA a guest program can aim anywhere.
CONFIG_EDU=y
