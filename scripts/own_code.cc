// A part of clang-tidy that keeps it to our own code. Without it every check walks over all that a
// file includes (Asio, the standard library, GoogleTest), only to have what it finds there thrown
// away: that is nine tenths of the time. Built and loaded by scripts/tidy.
#include <clang-tidy/ClangTidyCheck.h>
#include <clang-tidy/ClangTidyModule.h>
#include <clang-tidy/ClangTidyModuleRegistry.h>
#include <clang/AST/ASTContext.h>
#include <clang/ASTMatchers/ASTMatchFinder.h>

#include <vector>

namespace {

using clang::ast_matchers::MatchFinder;

/// Finds nothing. The whole of a file is what is matched first: what is left out of it then, no
/// other check visits.
class OwnCode final : public clang::tidy::ClangTidyCheck {
 public:
  using ClangTidyCheck::ClangTidyCheck;

  void registerMatchers(MatchFinder* finder) override {
    finder->addMatcher(clang::ast_matchers::translationUnitDecl(), this);
  }
  void check(const MatchFinder::MatchResult& result) override {
    const clang::SourceManager& sources = *result.SourceManager;
    std::vector<clang::Decl*> own;
    for (clang::Decl* declared : result.Context->getTranslationUnitDecl()->decls()) {
      const clang::SourceLocation place = sources.getExpansionLoc(declared->getLocation());
      if (!sources.isInSystemHeader(place)) own.push_back(declared);
    }
    result.Context->setTraversalScope(own);
  }
};

class Module final : public clang::tidy::ClangTidyModule {
 public:
  void addCheckFactories(clang::tidy::ClangTidyCheckFactories& factories) override {
    factories.registerCheck<OwnCode>("godwit-own-code");
  }
};

const clang::tidy::ClangTidyModuleRegistry::Add<Module> kModule("godwit", "keeps to our own code");

}  // namespace
