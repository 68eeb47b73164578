def renamed_since():
    return 1
