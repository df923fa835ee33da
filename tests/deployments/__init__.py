"""The demo under load on a cluster and with Sentinel: figures beside ``/truth``, and how long failures last."""
