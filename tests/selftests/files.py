# SPDX-License-Identifier: GPL-2.0
"""Which of the kernel's selftests are run."""

NET, HW = "drivers/net", "drivers/net/hw"

# Those of `make test`.
SHORT = [f"{NET}/{name}.py" for name in "stats queues napi_id ring_reconfig".split()]
SHORT += [f"{HW}/{name}" for name in (
    "irq.py tso.py xsk_reconfig.py ethtool_rmon.sh loopback.sh".split())]
SHORT += ["net/netdevice.sh"]

# All others of the two folders.
LONG = [f"{NET}/{name}.py" for name in (
    "ping xdp napi_threaded gro hds macsec netpoll_basic psp shaper so_txtime".split())]
LONG += [f"{HW}/{name}" for name in (
    "csum.py devlink_port_split.py devlink_rate_cross_esw.py devlink_rate_tc_bw.py devmem.py ethtool.sh ethtool_extended_state.sh "
    "ethtool_mm.sh ethtool_std_stats.sh gro_hw.py hw_stats_l3.sh hw_stats_l3_gre.sh iou-zcrx.py ipsec_vxlan.py nic_timestamp.py nk_devmem.py "
    "nk_netns.py nk_qlease.py ntuple.py pp_alloc_fail.py rss_api.py rss_ctx.py rss_drv.py rss_flow_label.py "
    "rss_input_xfrm.py toeplitz.py userns_devmem.py uso.py xdp_metadata.py").split()]

# What the tests themselves make the kernel complain about.
EXPECT_LOG = ""
