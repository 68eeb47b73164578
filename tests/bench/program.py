# program.py N: allocates in many ways by many paths, as a program would that reads, checks and rewrites N documents.
import json, re, collections, xml.dom.minidom, sys
N = int(sys.argv[1])
kept = []
for i in range(N):
    document = {"id": i, "list": [{"name": "n%d" % j, "value": [j, str(j) * 3]} for j in range(i % 40)]}
    text = json.dumps(document, indent=i % 3)
    kept.append(json.loads(text))
    if i % 7 == 0: kept.append(xml.dom.minidom.parseString("<a>" + "<b c='d'>text</b>" * (i % 30) + "</a>"))
    if i % 3 == 0: kept.append(re.compile("(a|b%d)*c+[d-%s]" % (i, "xyz"[i % 3])))
    if i % 5 == 0: kept.append(collections.OrderedDict((str(k), k) for k in range(i % 50)))
    if i % 50 == 0: del kept[: len(kept) // 2]
