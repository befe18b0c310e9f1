-- 到场单: whoever arrived in a month, without reading whoever was ever told.
create index engagement_arrived on engagement (arrived_at) where arrived_at is not null;
