"""An address and a netmask, as pg_hba_file_rules gives them, in the form address/bits."""

from __future__ import annotations

from ipaddress import ip_address


def cidr(address: str, netmask: str) -> str:
    """``127.0.0.1`` and ``255.255.255.255`` are ``127.0.0.1/32``; a host name or keyword stays as it is."""
    if not netmask:
        return address
    try:
        bits = int(ip_address(netmask)).bit_count()
        ip_address(address)
    except ValueError:
        return f"{address} {netmask}"
    return f"{address}/{bits}"
