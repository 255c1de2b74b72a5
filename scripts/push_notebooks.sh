#!/bin/sh
# Make a folder's files the one commit of the branch `notebooks` at origin. Neither this
# repository's own branch nor its files and index are touched. Usage: push_notebooks.sh FOLDER
set -eu
if [ ! -f "$1/requirements.txt" ]; then
    echo "$1 holds no course, so there is no branch to push (mkdocs.yml has no repo_url)"
    exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
GIT_DIR=$(git rev-parse --absolute-git-dir)
cd "$1"
export GIT_DIR GIT_WORK_TREE=. GIT_INDEX_FILE="$scratch/index"
git add --all --force .
tree=$(git write-tree)
commit=$(git -c user.name="Sliding Windows" -c user.email=notebooks@localhost \
    commit-tree "$tree" -m "Executed notebooks")
git push --quiet --force origin "$commit:refs/heads/notebooks"
echo "$commit is now the branch notebooks"
