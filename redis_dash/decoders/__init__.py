"""Safe decoders of serialized values: nothing is loaded, time and memory are bounded, and failures say why."""

from __future__ import annotations

from redis_dash.decoders.aspnet_session import decode_aspnet_session
from redis_dash.decoders.compression import decompress
from redis_dash.decoders.decode import decode
from redis_dash.decoders.decoded import Decoded, Opaque, UndecodableError
from redis_dash.decoders.java import decode_java
from redis_dash.decoders.json_text import decode_json
from redis_dash.decoders.msgpack import decode_msgpack
from redis_dash.decoders.php import decode_php, decode_php_session
from redis_dash.decoders.pickle_data import decode_pickle
from redis_dash.decoders.rails_entry import decode_rails_entry
from redis_dash.decoders.ruby_marshal import decode_ruby

__all__ = [
    "Decoded",
    "Opaque",
    "UndecodableError",
    "decode",
    "decode_aspnet_session",
    "decode_java",
    "decode_json",
    "decode_msgpack",
    "decode_php",
    "decode_php_session",
    "decode_pickle",
    "decode_rails_entry",
    "decode_ruby",
    "decompress",
]
