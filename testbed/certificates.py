# SPDX-License-Identifier: GPL-2.0
"""Certificates in the form in which UEFI takes them: an EFI_SIGNATURE_LIST each."""
import ssl
import struct
import uuid

EFI_CERT_X509_GUID = uuid.UUID("a5c059a1-94e4-4aa7-87b5-ab155c2bf072")
EFI_CERT_TYPE_PKCS7_GUID = uuid.UUID("4aafd29d-68df-49ee-8aa9-347d375665a7")
# The owner that enrolled them; the firmware does not check it.
OWNER = uuid.UUID(int=0)

_DER_SEQUENCE = b"\x30\x82"


class CertificateError(ValueError):
    """The file is not a certificate; the text is for the user."""


def load(path):
    """The DER bytes of a certificate in PEM or DER."""
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(_DER_SEQUENCE):
        return data
    try:
        return ssl.PEM_cert_to_DER_cert(data.decode("ascii").strip())
    except ValueError as error:
        raise CertificateError(f"no X.509 certificate: {path}") from error


def _authentication():
    """EFI_VARIABLE_AUTHENTICATION_2 without a signature: a time, and an empty WIN_CERTIFICATE."""
    time = struct.pack("<HBBBBBBIhBB", 2026, 1, 1, *[0] * 8)
    return time + struct.pack("<IHH", 24, 0x0200, 0x0ef1) + EFI_CERT_TYPE_PKCS7_GUID.bytes_le


def db(certificates):
    """What is to be written to the variable. All entries of a list have the same size."""
    out = _authentication()
    for certificate in certificates:
        entry = OWNER.bytes_le + certificate
        # Type, size of the list, of its header (none), of an entry.
        head = EFI_CERT_X509_GUID.bytes_le + struct.pack("<III", 28 + len(entry), 0, len(entry))
        out += head + entry
    return out
