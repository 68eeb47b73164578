# smaps: what the service's memory is, by regions: the heap, anonymous mappings, files, stacks, shared memory, of each of
# its processes at the moment when they have most. Bytes that are resident. Coarse, and always there: any program, no
# tool, no change of the service. Settings: value = rss (what the metric peak_rss_mb adds up; the default) or pss (pages
# that several processes share are parted among them), interval_ms between two looks (10).
pipelines += smaps
pipeline.smaps.files := pipelines/smaps.mk pipelines/smaps.sh.in pipelines/smaps.py
