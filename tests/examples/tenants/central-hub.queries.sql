-- hub.configuration_trail_key_idx: how a setting came to be what it is
SELECT changed_at, actor, new_value FROM hub.configuration_trail WHERE config_key = 'key 76' ORDER BY changed_at DESC LIMIT 20;
